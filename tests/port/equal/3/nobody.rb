# Servers that nobody has, tasks that run once more, and values that may be nothing.
task :unmanned do
  on roles(:lathe) do
    execute :turn
  end
  on primary(:lathe) do
    execute :turn, :once
  end
  on roles(:app).select { |server| server.hostname == "nowhere" } do
    execute :turn, :none
  end
  puts "after all"
end

task(:count) { puts "counted" }

task :again do
  invoke "count"
  invoke "count"
  Rake::Task["count"].reenable
  invoke "count"
  invoke "count"
end

task :mixes do
  on roles(:app) do
    execute "source /etc/colours.sh && paint"
    execute :mkdir, "-p", "/srv/{brushes,colours}"
    first, second, third = "red green".split
    execute :mix, first, second, "[#{third}]"
    token = ENV["NO_SUCH_COLOUR"]
    execute :paint, "--token=#{token}"
    last = "".split("\n").last
    execute :paint, "[#{last}]"
  end
  puts ("a".."e").to_a.join, [*"0".."3"].size
end
