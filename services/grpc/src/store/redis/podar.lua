-- Lets those go whose time is up, at most ARGV[1]; ARGV[2]: changes kept. Returns how many.

return podar(ARGV[1], ARGV[2])
