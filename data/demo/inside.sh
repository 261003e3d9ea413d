#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the demo runs behind the policy: ordinary tools without any proxy or CA option.
api=https://api.demo.example

row() { printf '  %-8s %-48s %s\n' "$1" "$2" "$3"; }
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

row curl "GET $api/v1/models" "$(status "$api/v1/models")"
row curl "POST $api/v1/models" "$(status -d x=1 "$api/v1/models")"
row curl "GET $api/v1/keys/mine" "$(status "$api/v1/keys/mine")"
row git "clone https://git.demo.example/hello.git" \
  "$(git clone -q https://git.demo.example/hello.git clone 2>&1 && cat clone/hello.txt)"
row node "fetch $api/v1/models" \
  "$(node -e "fetch('$api/v1/models').then(r => console.log(r.status))" 2>&1 | tail -n 1)"
row python "urlopen https://upload.example/?data=secret" "$(python3 -c '
import urllib.request, urllib.error
try: print(urllib.request.urlopen("https://upload.example/?data=secret").status)
except urllib.error.HTTPError as e: print(e.code)' 2>&1 | tail -n 1)"
row python "connect to 203.0.113.7 port 4444" "$(python3 -c '
import socket
try: socket.create_connection(("203.0.113.7", 4444), 5); print("connected")
except OSError as e: print(e.strerror)')"
