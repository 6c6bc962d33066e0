package warehouse

// PoolConfig is the pool's configuration before anything is contacted.
var PoolConfig = poolConfig
