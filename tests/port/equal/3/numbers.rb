# Whole numbers are rounded down, and servers are chosen from a list.
set :application, "shop"
set :number, -7

task :divides do
  n = fetch(:number)
  puts n / 2, n % 3, n.div(2), n.modulo(4), n / 2.0, n.fdiv(2), 7 / 2, 7 % 4, n.abs / 2
  puts "17".to_i / 4, n.to_f / 4, "2.5 GB".to_f, "x".to_f, 3.to_f
  ("a".."d").each { |letter| puts letter }
  puts ("a"..."c").to_a.join, [].first || "none", ["a", fetch(:nothing), "b"].join("-")
end

task :chooses do
  on roles(:app).select { |server| server.hostname == "app1" } do
    execute :echo, "first"
  end
  on roles(:app).last do
    execute :echo, "last"
  end
  on roles(:app).first(1) do
    execute :echo, "one"
  end
  on roles(:app).reject { |server| server.hostname == "app1" } do |host|
    execute :echo, host
  end
  on roles(:app) - roles(:web) do
    execute :echo, "no web"
  end
  on roles(:app).select { |server| server.hostname == "none" } do
    execute :echo, "nowhere"
  end
end
