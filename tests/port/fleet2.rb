role :app, "app1", "app2"
set :place, "/tmp"
task :two, :roles => :app do
  run <<-CMD
    cd #{place} &&
    echo one > file;
    echo two
      three >> file
  CMD
  %w(a b).each { |name| run "touch #{place}/it\\'s_#{name}" }
  put "text: #{capture("cat #{place}/file").strip.split("\n").last}\n", "#{place}/put", :mode => 0600
  run "echo ${HOME:+home} \\$x `echo y` > #{place}/quoted"
end
