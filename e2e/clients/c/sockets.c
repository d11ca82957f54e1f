#include "context.h"

#include "connect.h"

#include <stdint.h>

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    uint64_t number = strtoull(argv[3], NULL, 10);
    unsigned char request[64];
    size_t length = trace_header(request);
    int bytes = number > UINT16_MAX ? 8 : 2;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) request[length++] = (unsigned char)(number >> shift);
    int server = connect_to(argv[1], argv[2]);
    if (send(server, request, length, 0) < 0) {
        perror("send");
        return 1;
    }
    print_answer(server);
    close(server);
}
