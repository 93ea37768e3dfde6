# Commands over several lines, and shells of their own.
set :application, "shop"
role :app, "app1"

task :and_and do
  run <<-CMD
    cd /srv/#{application} &&
    if [ -f tmp/pid ]; then kill -USR2 `cat tmp/pid`; fi &&
    echo "done $?"
  CMD
end

task :loops do
  run <<-CMD
    for i in $(ls /srv); do echo "$i: ${i}x"; done;
    echo 'it is '"$HOME"
  CMD
end

task :raw do
  run <<-'CMD'
    awk '{ print $1 "#{x}" }' /etc/hosts | sed 's/\./\\./g'
  CMD
end

task :stripped do
  run <<-CMD.gsub(/\s+/, " ").strip
    ls
    -l
    /srv
  CMD
end

task :continued do
  run "cd /srv; \
       ls; \
       pwd"
end

task :squiggly do
  put <<~CONF, "/etc/#{application}.conf"
    server {
      listen 80;
    }
  CONF
end

task :two_of_them do
  run "echo #{<<-A.strip} #{<<-B.strip}"
    first
  A
    second
  B
end
