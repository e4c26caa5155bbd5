#include <stddef.h>

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

/* The next row of an executed statement as the server sent it: 0 and the row, MYSQL_NO_DATA at the end, 1
 * for an error, which is then the connection's, 2 for a packet that is neither.
 *
 * mysql_stmt_fetch copies each value into a buffer of its own, which takes ten times as long as reading the
 * row. The bytes are valid until the next call. */
static inline int tributary_stmt_fetch(MYSQL_STMT *stmt, unsigned char **row, unsigned long *length) {
    MYSQL *mysql = stmt->mysql;
    *length = mysql_net_read_packet(mysql);
    *row = mysql->net.read_pos;
    /* A row begins with 0, the packet that ends them with 254 (MariaDB documentation, "EOF_Packet"). */
    int result = *length == packet_error       ? 1
                 : **row == 0                  ? 0
                 : **row == 254 && *length < 9 ? MYSQL_NO_DATA
                                               : 2;
    if (result != 0) {
        /* So that closing the statement does not wait for more of them. */
        stmt->state = MYSQL_STMT_FETCH_DONE;
        mysql->status = MYSQL_STATUS_READY;
        if (result == MYSQL_NO_DATA) mysql->warning_count = (*row)[1] | (*row)[2] << 8;
    }
    return result;
}

/* The value of an option that is a flag; not 0 for an option that is not known. Swift calls no function of
 * variable arguments. */
static inline int tributary_get_flag(MYSQL *mysql, enum mysql_option option, my_bool *value) {
    return mysql_get_optionv(mysql, option, value);
}
