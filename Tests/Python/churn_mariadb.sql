-- Accounts whose sum is the same in every snapshot, and a procedure that moves amounts between them.
CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL, pad varchar(300));
INSERT INTO accounts SELECT seq, 100, REPEAT('x', 300) FROM seq_1_to_60000;
ANALYZE TABLE accounts;
DELIMITER //
CREATE PROCEDURE move(count int)
BEGIN
    DECLARE a int;
    WHILE count > 0 DO
        SET a = 1 + FLOOR(RAND() * 59999);
        START TRANSACTION;
        UPDATE accounts SET amount = amount - 7 WHERE id = a;
        UPDATE accounts SET amount = amount + 7 WHERE id = 60001 - a;
        COMMIT;
        SET count = count - 1;
    END WHILE;
END //
DELIMITER ;
