// chat URL         prints what it hears, until somebody says `fim`
// chat URL TEXT    says it once it has joined
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	chat, _, err := websocket.Dial(ctx, os.Args[1], nil)
	if err != nil {
		log.Fatal(err)
	}
	for {
		_, message, err := chat.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(message))
		if len(os.Args) > 2 {
			if err := chat.Write(ctx, websocket.MessageText, []byte(os.Args[2])); err != nil {
				log.Fatal(err)
			}
			break
		}
		if strings.HasSuffix(string(message), ": fim") {
			break
		}
	}
	chat.Close(websocket.StatusNormalClosure, "")
}
