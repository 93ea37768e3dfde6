# Functions that set a variable unless it is set, by any name, and methods of what variables hold.
def _default(name, *args, &block)
  set(name, *args, &block) unless exists?(name)
end

set :kept, "mine"
_default :kept, "other"
_default(:made) { "#{kept}-made" }
_default :revisions, %w[1 2 3 4]

task :values do
  puts kept, made
  puts (revisions - revisions.last(2)).join(","), revisions[-2], revisions.reverse.join(","), revisions.count
  puts kept[0, 2], kept[1..-1], kept.tr("m", "w"), kept.capitalize
end

task :input, :roles => :app do
  run "install" do |channel, stream, data|
    if data =~ /Continue/
      channel.send_data("yes\n")
    else
      Capistrano::Configuration.default_io_proc.call(channel, stream, data)
    end
  end
end

task :servers, :roles => :app do
  server = find_servers_for_task(current_task).first
  puts server.host
end

role :app, "app1.example.com"
