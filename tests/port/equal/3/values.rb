# Functions as values, and the values of what may fail.
set :application, "shop"
set :label, ->(rev, more) { "#{fetch(:application)} #{rev}#{more}" }
set(:sum) { |a, b| a + b }
set :missing, -> { File.read("no-such-file") rescue "none" }
set :number do
  Integer("x")
rescue ArgumentError
  4
end
set :ensured do
  begin
    Integer("7")
  rescue ArgumentError => e
    e.message
  ensure
    puts "asked"
  end
end

def first_of(text)
  Integer(text)
rescue ArgumentError
  begin
    Integer("8")
  rescue ArgumentError
    9
  end
end

def of_else
  begin
    Integer("1")
  rescue ArgumentError
    2
  else
    3
  end
end

task :functions do
  label = fetch(:label)
  puts label.call("a", "?"), fetch(:label).("b", "."), fetch(:sum)[1, 2]
end

task :rescued do
  puts fetch(:ensured)
  puts fetch(:missing), fetch(:number), first_of("z"), first_of("5"), of_else
  puts %w[1 x].map { |text| Integer(text) rescue 0 }.join(",")
end

SSHKit.config.command_map.prefix[:rake].push("one", "two")

task :prefixes do
  on(roles(:app)) { execute :rake, "a" }
  SSHKit.config.command_map.prefix[:rake].delete("one")
  on(roles(:app)) { execute :rake, "b" }
  SSHKit.config.command_map.prefix[:rake].unshift("one")
end
