// SPDX-License-Identifier: Apache-2.0

// Reads as Go's net/http does, server and client. See tests/differential/reading.h.
// usage: go run go_peer.go requests|responses FILE
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type reading struct {
	end      string
	messages []string
}

func (r *reading) String() string {
	return strings.Join(append([]string{r.end}, r.messages...), " ")
}

func (r *reading) stop(err error) {
	r.end = "bad"
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		r.end = "more"
	}
}

func toHex(text string) string { return hex.EncodeToString([]byte(text)) }

func fields(header http.Header) string {
	var lines []string
	for name, values := range header {
		lower := strings.ToLower(name)
		switch lower {
		case "host", "content-length", "transfer-encoding", "trailer", "connection":
			continue
		}
		for _, value := range values {
			lines = append(lines, lower+": "+value+"\n")
		}
	}
	sort.Strings(lines)
	return toHex(strings.Join(lines, ""))
}

// The server's end of a connection whose client has said INPUT and ended.
type wire struct {
	input  *bytes.Reader
	output bytes.Buffer
	lock   sync.Mutex
}

func (w *wire) Read(into []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.input.Read(into)
}

func (w *wire) Write(data []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.output.Write(data)
}
func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (w *wire) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

type listener struct{ wires chan net.Conn }

func (l *listener) Accept() (net.Conn, error) {
	if w, ok := <-l.wires; ok {
		return w, nil
	}
	return nil, io.EOF
}
func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

var (
	current *reading
	closed  = make(chan bool)
	wires   = &listener{make(chan net.Conn)}
)

func serve(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		current.stop(err)
		return
	}
	host := toHex(request.Host)
	if !strings.HasPrefix(request.RequestURI, "/") {
		host = "*" // it comes from the target
	}
	current.messages = append(current.messages, strings.Join([]string{toHex(request.Method),
		toHex(request.RequestURI), host, fields(request.Header), hex.EncodeToString(body)}, "|"))
	if request.Close {
		current.end = "stop"
	}
}

func readRequests(input []byte) *reading {
	w := &wire{input: bytes.NewReader(input)}
	current = &reading{end: "end"}
	wires.wires <- w
	<-closed
	for _, status := range []string{"HTTP/1.1 4", "HTTP/1.1 5", "HTTP/1.0 4", "HTTP/1.0 5"} {
		if bytes.Contains(w.output.Bytes(), []byte(status)) {
			current.end = "bad"
		}
	}
	// It hangs up behind an answer that says so, or that is of HTTP/1.0.
	for _, sign := range []string{"Connection: close", "HTTP/1.0 200"} {
		if current.end == "end" && bytes.Contains(w.output.Bytes(), []byte(sign)) {
			current.end = "stop"
		}
	}
	return current
}

func readResponse(input []byte, method string) *reading {
	result := &reading{end: "end"}
	from := bufio.NewReader(bytes.NewReader(input))
	for {
		response, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil {
			result.stop(err)
			return result
		}
		if response.StatusCode >= 100 && response.StatusCode < 200 {
			if response.StatusCode == 101 {
				result.end = "bad"
				return result
			}
			continue
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			result.stop(err)
			return result
		}
		reason := strings.TrimPrefix(strings.TrimPrefix(response.Status,
			fmt.Sprint(response.StatusCode)), " ")
		result.end = "stop"
		result.messages = []string{strings.Join([]string{toHex(fmt.Sprint(response.StatusCode)),
			toHex(reason), "", fields(response.Header), hex.EncodeToString(body)}, "|")}
		return result
	}
}

func main() {
	log.SetOutput(io.Discard)
	server := &http.Server{Handler: http.HandlerFunc(serve),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				closed <- true
			}
		}}
	go server.Serve(wires)
	file, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, line := range strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(file), "GET ", "GET,"), "HEAD ", "HEAD,")) {
		words := strings.Split(line, ",")
		input, err := hex.DecodeString(words[len(words)-1])
		if err != nil {
			panic(err)
		}
		if os.Args[1] == "requests" {
			fmt.Fprintln(out, readRequests(input))
		} else {
			fmt.Fprintln(out, readResponse(input, words[0]))
		}
	}
}
