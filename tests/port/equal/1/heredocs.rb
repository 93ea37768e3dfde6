# Commands over several lines.
set :application, "shop"
role :app, "app1"

task :and_and do
  run <<-CMD
    cd /srv/#{application} &&
    rm -rf tmp/cache &&
    mkdir -p tmp/cache
  CMD
end

task :semicolons do
  run <<-EOF
    for i in 1 2 3; do
      echo $i;
    done;
    ls
  EOF
end

task :quoted do
  run <<-'CMD'
    echo "$HOME #{not ruby}" &&
    awk '{ print $1 }' /etc/hosts
  CMD
end

task :joined do
  run "cd /srv && " +
      "ls #{application} && " +
      'echo "#{still} a string"'
end

task :continued do
  run "cd /srv &&\
    ls"
end
