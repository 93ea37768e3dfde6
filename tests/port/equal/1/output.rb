# Commands whose output is looked at.
set :password, "hunter2"
role :app, "app1", "app2"

task :answer, :roles => :app do
  run "svn update" do |channel, stream, data|
    case stream
    when :out
      if data =~ /password.*/
        channel.send_data "#{password}\n"
      else
        puts data
      end
    when :err
      puts "[#{channel[:host]}] #{data}"
    end
  end
end

task :counts do
  counts = Hash.new(0)
  run "w | wc -l" do |ch, stream, out|
    counts[ch[:host]] += out.to_i
  end
  puts "nobody" if counts.empty?
end

task :tail do
  stream "tail -f /var/log/syslog"
end
