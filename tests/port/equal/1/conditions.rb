# Decisions.
set :application, "shop"
set :port, 80
set :empty, nil
role :app, "app1"

task :ifs do
  if port == 80 then run "echo low" else run "echo high" end
  run "echo no" unless port == 80
  run "echo set" if application
  run "echo not set" if empty.nil?
  run(port > 100 ? "echo big" : "echo small")
end

task :chain do
  if port == 1
    run "one"
  elsif port == 80 && application != "x"
    run "eighty"
  else
    run "other"
  end
end

task :cases do
  case application
  when "blog" then run "blog"
  when "shop", "store"
    run "trade"
  else
    run "other"
  end
end

task :tests do
  raise "no" if application.empty?
  run "matches" if application =~ /^sh/
  run "includes" if %w(shop blog).include?(application)
  run "neither" unless application == "a" or application == "b"
end
