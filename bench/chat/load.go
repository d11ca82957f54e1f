// A bounded load on a chat: many WebSocket clients in one room, one of which talks. Every text
// carries the time at which it was due, so that each delivery tells how late it is.
//
// One thread, one epoll and plain system calls: it is to cost less than any server that it
// measures. All times are those of this process.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	port    = flag.Int("port", 0, "port of the chat on 127.0.0.1")
	path    = flag.String("path", "/ws", "path; {} becomes the client's number")
	pid     = flag.Int("pid", 0, "process whose CPU time and memory are told")
	count   = flag.Int("clients", 500, "clients, the one that talks among them")
	seconds = flag.Float64("seconds", 4, "how long to talk")
	rate    = flag.Float64("rate", 0, "texts a second; 0: as fast as they arrive")
	window  = flag.Int("window", 8, "texts under way at most")
	size    = flag.Int("size", 100, "bytes of a text")
	stuck   = flag.Bool("stuck", false, "one more client, which never reads")
	idle    = flag.Bool("idle", false, "only connect, and tell the server's memory")
)

const (
	drain  = 15 * time.Second       // at most, for what is under way at the end
	quiet  = 500 * time.Millisecond // without a text: joins have been told to all
	digits = 16
)

type room struct {
	epoll   int
	clients map[int32]*client
	talker  *client
	started time.Time
	buffer  []byte
	texts   int      // frames of text that came
	late    []uint32 // microseconds, of each delivery
	lost    int      // connections that ended
}

func main() {
	flag.Parse()
	runtime.LockOSThread()
	epoll, err := syscall.EpollCreate1(0)
	must(err)
	room := &room{
		epoll: epoll, clients: map[int32]*client{}, started: time.Now(),
		buffer: make([]byte, 1<<18), late: make([]uint32, 0, 1<<22),
	}
	before := resident()
	for i := range *count {
		client := connect(i)
		if room.talker == nil {
			room.talker = client
		}
		room.clients[client.socket] = client
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: client.socket}
		must(syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, int(client.socket), &event))
		if i%16 == 0 { // a chat that tells joins must not find us slow
			for room.read(0) {
			}
		}
	}
	if *stuck {
		connect(*count)
	}
	for last := time.Now(); time.Since(last) < quiet; {
		before := room.texts
		room.read(quiet - time.Since(last))
		if room.texts > before { // pings come all the time
			last = time.Now()
		}
	}
	if *idle {
		room.rest(before)
	} else {
		room.talk()
	}
}

// rest tells the server's memory before, with all connected, and some seconds later.
func (room *room) rest(before int) {
	connected := resident()
	for until := time.Now().Add(time.Duration(*seconds * 1e9)); time.Now().Before(until); {
		room.read(time.Until(until))
	}
	fmt.Println(len(room.clients), room.lost, before, connected, resident())
}

// talk sends texts and prints: deliveries, how many were missed, seconds, the server's CPU time in
// microseconds, texts sent, p50, p99 and largest lateness in microseconds, connections lost, and
// the CPU time of this process.
func (room *room) talk() {
	receivers := *count - 1
	every := time.Duration(0)
	if *rate > 0 {
		every = time.Duration(1e9 / *rate)
	}
	sent, used, own := 0, cpu(*pid), cpu(os.Getpid())
	started, last := time.Now(), time.Now()
	length := time.Duration(*seconds * 1e9)
	pad := strings.Repeat("x", max(0, *size-digits-1))
	for {
		now := time.Now()
		under_way := sent - len(room.late)/receivers
		due := now
		if every > 0 {
			due = started.Add(time.Duration(sent) * every)
		}
		talking := now.Sub(started) < length
		if talking && under_way < *window && !due.After(now) {
			room.talker.say(fmt.Sprintf("@%0*d%s", digits, due.Sub(room.started), pad))
			sent++
			room.read(0)
			continue
		}
		if len(room.late) >= sent*receivers && !talking || now.Sub(started) > length+drain {
			break
		}
		wait := 10 * time.Millisecond
		if until := due.Sub(now); talking && until > 0 {
			wait = min(wait, until)
		}
		arrived := len(room.late)
		room.read(wait)
		if len(room.late) > arrived {
			last = time.Now()
		}
	}
	delivered := len(room.late)
	used, own = cpu(*pid)-used, cpu(os.Getpid())-own
	for range sent*receivers - delivered { // as late as we know
		room.late = append(room.late, uint32((length + drain).Microseconds()))
	}
	slices.Sort(room.late)
	at := func(share float64) uint32 {
		if len(room.late) == 0 {
			return 0
		}
		return room.late[int(share*float64(len(room.late)-1))]
	}
	fmt.Println(delivered, sent*receivers-delivered, last.Sub(started).Seconds(), used, sent,
		at(0.5), at(0.99), at(1), room.lost, own)
}

// read waits so long for something to come, and takes what is there. Says whether there was.
func (room *room) read(wait time.Duration) bool {
	var events [512]syscall.EpollEvent
	n, err := syscall.EpollWait(room.epoll, events[:], int(wait.Milliseconds()))
	if err == syscall.EINTR {
		return true
	}
	must(err)
	for _, event := range events[:n] {
		client := room.clients[event.Fd]
		if !client.read(room) {
			room.lost++
			delete(room.clients, event.Fd)
			syscall.Close(int(event.Fd))
		}
	}
	return n > 0
}

// arrived takes the times out of what came. One frame may hold several texts.
func (room *room) arrived(client *client, text []byte) {
	if client == room.talker {
		return // some chats send to the talker, too
	}
	now := time.Since(room.started)
	for i := 0; i+digits < len(text); i++ {
		if text[i] == '@' {
			due, err := strconv.ParseInt(string(text[i+1:i+1+digits]), 10, 64)
			must(err)
			room.late = append(room.late, uint32((now-time.Duration(due))/time.Microsecond))
			i += *size - 1
		}
	}
}

// cpu is the CPU time of all threads of a process, in microseconds: the kernel counts nanoseconds.
func cpu(pid int) int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	sum := 0
	for _, task := range tasks {
		var nanoseconds int
		line, _ := os.ReadFile(task) // a thread may have ended
		fmt.Sscan(string(line), &nanoseconds)
		sum += nanoseconds / 1000
	}
	return sum
}

// resident is the server's memory, in KiB.
func resident() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", *pid))
	must(err)
	var size int
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	fmt.Sscan(line, &size)
	return size
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
