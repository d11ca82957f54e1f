package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"syscall"
)

// A WebSocket client (RFC 6455) of just what a chat needs: it offers no extension, sends short
// texts, and answers pings.
type client struct {
	socket int32
	rest   []byte // the beginning of a frame whose end has not come
	parts  []byte // of a message in fragments
}

// connect opens a WebSocket. The one that will be stuck has the smallest buffer there is.
func connect(number int) *client {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(err)
	if number >= *count {
		must(syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1))
	}
	must(syscall.SetsockoptInt(socket, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1))
	must(syscall.Connect(socket, &syscall.SockaddrInet4{Port: *port, Addr: [4]byte{127, 0, 0, 1}}))
	client := &client{socket: int32(socket)}
	target := strings.Replace(*path, "{}", strconv.Itoa(number+1), 1)
	client.write([]byte("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	var head []byte
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		var piece [512]byte
		n, err := syscall.Read(socket, piece[:])
		if n <= 0 {
			must(fmt.Errorf("connection %d ended in its handshake: %v", number, err))
		}
		head = append(head, piece[:n]...)
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
		must(fmt.Errorf("connection %d was refused: %s", number, head))
	}
	_, rest, _ := bytes.Cut(head, []byte("\r\n\r\n"))
	client.rest = bytes.Clone(rest)
	return client
}

// read takes what has come. Says whether the connection goes on.
func (client *client) read(room *room) bool {
	kept := copy(room.buffer, client.rest)
	n, err := syscall.Read(int(client.socket), room.buffer[kept:])
	if n <= 0 {
		return err == syscall.EINTR
	}
	came := room.buffer[:kept+n]
	for {
		length, head := payload(came)
		if head == 0 || len(came) < head+length {
			break
		}
		text := came[head : head+length]
		switch came[0] & 15 {
		case 0, 1:
			room.texts++
			if came[0]&0x80 == 0 || len(client.parts) > 0 {
				client.parts = append(client.parts, text...)
				text = client.parts
			}
			if came[0]&0x80 != 0 {
				room.arrived(client, text)
				client.parts = client.parts[:0]
			}
		case 8:
			return false
		case 9:
			client.frame(10, text)
		}
		came = came[head+length:]
	}
	client.rest = append(client.rest[:0], came...)
	return true
}

// payload is the length of a frame's payload and of its head, which is 0 if it has not come whole.
func payload(frame []byte) (length, head int) {
	switch {
	case len(frame) < 2:
		return 0, 0
	case frame[1] < 126:
		return int(frame[1]), 2
	case len(frame) < 10:
		if frame[1] == 126 && len(frame) >= 4 {
			return int(binary.BigEndian.Uint16(frame[2:])), 4
		}
		return 0, 0
	case frame[1] == 126:
		return int(binary.BigEndian.Uint16(frame[2:])), 4
	default:
		return int(binary.BigEndian.Uint64(frame[2:])), 10
	}
}

func (client *client) say(text string) { client.frame(1, []byte(text)) }

// frame sends one frame, masked with zeros as RFC 6455 allows.
func (client *client) frame(opcode byte, payload []byte) {
	head := []byte{0x80 | opcode, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		head = []byte{0x80 | opcode, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload))}
	}
	client.write(append(append(head, 0, 0, 0, 0), payload...))
}

// write sends all of it. Sockets block here: what a client sends is small and rare.
func (client *client) write(bytes []byte) {
	for len(bytes) > 0 {
		n, err := syscall.Write(int(client.socket), bytes)
		if err != nil {
			return // its end is seen by read
		}
		bytes = bytes[n:]
	}
}
