# Words that few recipes have.
set :words, %w[a b]
set :words, fetch(:words) << :c
set :text, "x"
set :text, fetch(:text) << "y" << "z"

server "db1", roles: %w[db], zone: "north", primary: true, ssh_options: { port: 2222 }
server "app1", roles: %w[app], zone: "north"
server "app2", roles: %w[app], zone: "south", no_release: true
server "www1", roles: %w[web app], primary: true

def kind_of_value(value)
  if Numeric === value
    "number"
  elsif /\Ax/ === value
    "x"
  elsif String === value
    "text"
  else
    "other"
  end
end

task :adds do
  puts fetch(:words).join(" "), fetch(:text)
end

task :chooses do
  on roles(:app, primary: true), limit: 1 do
    execute :one
  end
  on roles(:all, zone: "north") do |host|
    execute :two, host.hostname
  end
  on release_roles(:app, zone: "south") do
    execute :never
  end
  puts roles(:app, zone: "north").map(&:hostname).join(" ")
end

task :asks do
  puts kind_of_value(1), kind_of_value(1.5), kind_of_value("a"), kind_of_value("xa")
end

task :reads do
  env = { "A" => "1" }
  puts env.delete("A")
  on roles(:db) do |host|
    execute :ssh, "-p", host.ssh_options[:port], host.ssh_options.fetch(:keys, "none")
  end
end
