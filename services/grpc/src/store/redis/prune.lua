-- Lets those go whose time is up, at most ARGV[1]; ARGV[2]: changes kept. Returns how many.

return prune(ARGV[1], ARGV[2])
