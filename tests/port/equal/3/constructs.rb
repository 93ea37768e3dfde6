# Assignments, loops, decisions and what is written to the terminal.
# runs: say says asks_defined assigns cases check coloured loops mapped tries writes
task :assigns do
  first, *rest = %w[1 2 3]
  puts first, rest.join("-")
  *most, last = %w[1 2 3]
  puts most.join("-"), last
  only, = "x y".split
  puts only
  one = two = "same"
  puts one, two
  left, right = "l", "r"
  left, right = right, left
  puts left + right
  name = ENV["NOWHERE"] ||= (ENV["NOT_THERE"] || "found")
  puts name, ENV["NOWHERE"]
end

task :tries do
  tries = 0
  begin
    tries += 1
    raise "bad" if tries < 3
    puts tries
  rescue => error
    puts error.message
    retry if tries < 3
  end
end

task :cases do
  case 5
  when 1..3 then puts "low"
  when 4..6 then puts "mid"
  end
  case "b"
  when *%w[a b] then puts "one of them"
  end
  case %w[x]
  when String then puts "text"
  when Array then puts "list"
  end
end

task :loops do
  at = 0
  begin
    at += 1
  end while at < 3
  puts at
  for a, b in [[1, 2], [3, 4]]
    puts a + b
  end
end

task :writes do
  $stdout.puts "one"
  $stdout.print "two\n"
  STDOUT.flush
  $stdout.sync = true
  print "three\n"
  $stdout.write "four\n"
end

WIDTH = 2 unless defined?(WIDTH)

task :asks_defined do
  puts WIDTH
  puts "none" unless defined?(Nowhere)
end

task :check do
  on(roles(:db)) { execute :check }
end

task :say, [:what] => :check do |_task, args|
  on(roles(:app)) { execute :echo, args[:what] || "nothing" }
end

task :says do
  invoke "say", "hello"
end

%w[rails rake].each { |program| SSHKit.config.command_map[program.to_sym] = "bin/#{program}" }
SSHKit.config.default_env.merge!(colour: "red")

task :mapped do
  on(roles(:app)) { execute :rails, "c" }
end

task :coloured do
  SSHKit.config.default_env.merge!(shade: "dark")
  on(roles(:app)) { execute :paint }
end
