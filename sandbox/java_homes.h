/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java homes: the JDKs of the user that bring a store of trusted certificates along.
 */
#pragma once

#include <glib.h>

/**
 * bns_java_homes_stores:
 * @environment: JAVA_HOME, PATH and HOME are read
 *
 * Looks at JAVA_HOME, the java of PATH, /usr/lib/jvm and SDKMAN's directory; others keep
 * their own store, and -Djavax.net.ssl.trustStore=/etc/boundary-ns/java-cacerts is theirs
 * to give.
 *
 * Returns: (transfer full): real paths of lib/security/cacerts outside /etc, each once.
 */
GStrv bns_java_homes_stores(char **environment);
