# Commands of this machine.
set :application, "shop"
set(:head) { `git rev-parse HEAD`.chomp }
role :app, "app1"

task :runs do
  run_locally "tar czf /tmp/#{application}.tar.gz ."
  system "scp /tmp/#{application}.tar.gz app1:"
  system("rsync", "-a", "public/", "app1:/srv")
  output = %x{hostname}
  `ls`
  run "echo head: #{head}#{output}"
end

task :for_each_server, :roles => :app do
  find_servers_for_task(current_task).each do |server|
    run_locally "rsync -a public/ #{server.host}:/srv/public"
  end
  find_servers(:roles => :app).each { |s| run_locally "ping #{s}" }
end

task :guarded do
  unless `git status --porcelain`.empty?
    puts "there are changes"
    exit
  end
  if `git rev-parse HEAD` == `git rev-parse origin/master`
    run "same"
  end
end
