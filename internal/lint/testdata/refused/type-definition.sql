-- kind: migration
CREATE TYPE mood AS ENUM ('sad', 'happy');

CREATE DOMAIN hour AS INTEGER;

CREATE EXTENSION IF NOT EXISTS pgcrypto;
