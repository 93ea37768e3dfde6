set :application, "shop"
role :app, "app1", "app2"

task :asks do
  run "first"
  find_and_execute_task "none"
end

task :calls do
  run "first"
  Undefined "x"
  run "second"
end

task :constant do
  run "first"
  puts Undefined::NAME
end

task :hooked do
  run "first"
end

task :invoked do
  begin
    invoke "names"
  rescue => e
    puts "rescued"
  end
end

task :names do
  run "first"
  deploy.undefined.restart
end

task :rescued do
  begin
    Undefined "x"
  rescue => e
    puts "rescued"
  end
  run "second"
end

after "hooked", "none"
