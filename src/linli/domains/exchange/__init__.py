"""数据共享: what the bureau asks other departments for, so that nobody is asked for it twice."""
