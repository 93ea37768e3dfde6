# Output that is looked at, and answers.
set(:db_password) { "pw" }
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :answers, :roles => :db do
  run "mysql -p" do |channel, stream, data|
    if data =~ /^Enter password:/
      channel.send_data "#{db_password}\n"
    end
    puts "#{channel[:host]}: #{data}" if stream == :err
  end
end

task :listens, :roles => :app do
  run "tail -n 100 log/production.log" do |channel, stream, data|
    puts
    puts "#{channel[:host]}: #{data}"
    break if stream == :err
  end
end

task :captures, :roles => :app do
  version = capture("cat /srv/version").strip
  run "echo version #{version}."
  files = capture("ls", :roles => :db).split("\n")
  puts "no files" if files.empty?
end

task :streams, :roles => :app do
  stream "tail -f log/production.log"
end

set :words, "one\ntwo\n"

def told(path)
  all = ""
  invoke_command("cat #{path}") { |channel, stream, data| all << data }
  all
end

task :continues, :roles => :app do
  run words
  run "echo #{words} | wc"
  run "echo #{told "/srv/words"} | wc"
  run ["true", "false"].join("\n")
end
