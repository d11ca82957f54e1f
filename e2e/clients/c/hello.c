#include "context.h"

#include "connect.h"

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    unsigned char request[512];
    size_t length = trace_header(request);
    length += (size_t)snprintf((char *)request + length, sizeof request - length, "%s\n", argv[3]);
    int server = connect_to(argv[1], argv[2]);
    if (send(server, request, length, 0) < 0) {
        perror("send");
        return 1;
    }
    print_answer(server);
    close(server);
}
