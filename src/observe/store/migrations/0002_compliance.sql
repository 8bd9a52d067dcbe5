-- Whether the reply did what it was steered to, and whether it quotes our instruction.
ALTER TABLE groundwire_turns ADD COLUMN complied BIGINT;
ALTER TABLE groundwire_turns ADD COLUMN leaked BIGINT;
