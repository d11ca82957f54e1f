/* A connection to a host and a port, given up after two seconds. */
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int connect_to(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    for (struct addrinfo *each = found; each; each = each->ai_next) {
        int server = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (server < 0) continue;
        struct timeval two = {.tv_sec = 2};
        setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &two, sizeof two);
        if (connect(server, each->ai_addr, each->ai_addrlen) == 0) return server;
        close(server);
    }
    perror("connect");
    exit(1);
}

/* Prints what comes until the server has said all. */
static void print_answer(int server) {
    char answer[1024];
    ssize_t length;
    while ((length = recv(server, answer, sizeof answer, 0)) > 0) fwrite(answer, 1, (size_t)length, stdout);
    if (length < 0) {
        perror("recv");
        exit(1);
    }
    putchar('\n');
}
