#include <stddef.h>

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

/* Begins the fetching of rows that are not kept by the library, for a statement that was executed. */
static inline int tributary_stmt_use_result(MYSQL_STMT *stmt) {
    if (stmt->state != MYSQL_STMT_WAITING_USE_OR_STORE) return 1;
    return stmt->default_rset_handler(stmt) == NULL && mysql_stmt_errno(stmt) != 0;
}

/* The next row as the server sent it: 0 and the row, MYSQL_NO_DATA at the end, 1 for an error.
 *
 * mysql_stmt_fetch calls the same, and then copies each value into a buffer of its own, which takes ten
 * times as long as reading the row. The bytes are valid until the next call. */
static inline int tributary_stmt_fetch(MYSQL_STMT *stmt, unsigned char **row, unsigned long *length) {
#if MARIADB_PACKAGE_VERSION_ID >= 30300
    int result = stmt->mysql->methods->db_stmt_fetch(stmt, row, length);
#else
    int result = stmt->mysql->methods->db_stmt_fetch(stmt, row);
    *length = stmt->mysql->packet_length;
#endif
    if (result != 0) {
        stmt->state = MYSQL_STMT_FETCH_DONE;
        stmt->mysql->status = MYSQL_STATUS_READY;
    }
    return result;
}
