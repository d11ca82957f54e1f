// The least that a chat can do: for each text the system calls that deliver it, and nothing else.
// No history, no limits, no time-outs, no one who is slow. What a server costs beside it is its own
// work; what this one costs is the kernel's, below which no server gets.
//
// One thread, one epoll. All frames stand one after the other in one buffer, and each client is sent
// what it lacks by one call. After a round of several texts it rests for half of the time that the
// round took, so that more gather; ours does not, for they would come later (README.md).
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	held = 1 << 20 // bytes of frames, twice: so no frame is cut in two at the end
	turn = 32      // clients between two looks at what has come
)

type member struct {
	socket int32
	number int
	isOpen bool
	sent   int // of all frames' bytes
}

var (
	frames    = make([]byte, 2*held)
	end       int // of all frames' bytes, ever
	members   []*member
	bySocket  [1 << 16]*member
	epoll     int
	listening int32
	came      [1 << 16]byte
)

func main() {
	port, err := strconv.Atoi(os.Args[1])
	must(err)
	epoll, err = syscall.EpollCreate1(0)
	must(err)
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	must(err)
	must(syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	must(syscall.Bind(socket, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	must(syscall.Listen(socket, 4096))
	listening = int32(socket)
	watch(listening, syscall.EPOLLIN)
	for {
		hear(-1)
		for {
			began := time.Now()
			written, several := round()
			if written == 0 {
				break
			}
			for rest := time.Since(began) * 3 / 2; several && time.Since(began) < rest; {
				hear(max(1, int((rest - time.Since(began)).Milliseconds())))
			}
			hear(0)
		}
	}
}

// round sends to each what it lacks. Says to how many, and whether several texts to one.
func round() (written int, several bool) {
	for _, member := range members {
		if member == members[0] { // who talks
			continue
		}
		lacks := end - member.sent
		if lacks == 0 {
			continue
		}
		if written++; written%turn == 0 {
			hear(0)
			lacks = end - member.sent
		}
		several = several || lacks > 200
		from := unsafe.Pointer(&frames[member.sent%held])
		n, _, _ := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(member.socket), uintptr(from),
			uintptr(lacks), syscall.MSG_NOSIGNAL, 0, 0)
		if int(n) > 0 {
			member.sent += int(n)
		}
	}
	return
}

// hear takes what comes within some milliseconds.
func hear(wait int) {
	var events [64]syscall.EpollEvent
	n, _, failed := syscall.RawSyscall6(syscall.SYS_EPOLL_WAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(wait), 0, 0)
	if failed != 0 {
		return
	}
	for _, event := range events[:n] {
		if event.Fd == listening {
			accept()
		} else if member := bySocket[event.Fd]; event.Events&syscall.EPOLLIN != 0 {
			member.read()
		}
	}
}

func accept() {
	socket, _, err := syscall.Accept4(int(listening), syscall.SOCK_NONBLOCK)
	if err != nil {
		return
	}
	must(syscall.SetsockoptInt(socket, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1))
	bySocket[socket] = &member{socket: int32(socket)}
	watch(int32(socket), syscall.EPOLLIN|syscall.EPOLLOUT|1<<31) // edges, as tokio and Go ask for
}

func watch(socket int32, events uint32) {
	event := syscall.EpollEvent{Events: events, Fd: socket}
	must(syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, int(socket), &event))
}

// read answers the handshake, and adds what is said to the frames.
func (m *member) read() {
	n, err := syscall.Read(int(m.socket), came[:])
	if n <= 0 {
		if err != syscall.EAGAIN {
			syscall.Close(int(m.socket))
		}
		return
	}
	if !m.isOpen {
		answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
		if bytes.HasPrefix(came[:n], []byte("GET ")) {
			syscall.Write(int(m.socket), []byte(answer))
			members = append(members, m)
			m.isOpen, m.sent, m.number = true, end, len(members)
		}
		return
	}
	for frame := came[:n]; len(frame) >= 8; { // whole frames come, as they are small
		length, head := int(frame[1]&127), 6 // with a mask of zeros
		if length == 126 {
			length, head = int(frame[2])<<8|int(frame[3]), 8
		}
		if frame[0]&15 == 1 {
			add(fmt.Sprintf("Client #%d: %s", m.number, frame[head:head+length]))
		}
		frame = frame[head+length:]
	}
}

func add(text string) {
	head := []byte{0x81, byte(len(text))}
	if len(text) > 125 {
		head = []byte{0x81, 126, byte(len(text) >> 8), byte(len(text))}
	}
	for _, b := range append(head, text...) {
		frames[end%held], frames[end%held+held] = b, b
		end++
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}
