# Lists and hashes.
set :dirs, %w[log tmp/pids public/system]
set :words, %i(one two)
set :config, { :db => "postgres", :hosts => ["a", "b"] }
role :app, "app1"

task :each_of do
  dirs.each { |dir| run "mkdir -p /srv/#{dir}" }
  dirs.each_with_index do |dir, i|
    run "echo #{i}: #{dir}"
  end
  config.each { |key, value| run "echo #{key}" }
  words.each { |word| run "echo #{word}" }
end

task :mapped do
  run "ls #{dirs.map { |dir| "/srv/#{dir}" }.join(" ")}"
  run dirs.collect { |dir| "test -d #{dir}" }.join(" && ")
  run "echo #{dirs.select { |dir| dir.include?("p") }.join(",")}"
  run "echo #{dirs.reject { |dir| dir == "log" }.size} #{dirs.first} #{dirs.last} #{dirs.sort.join(",")}"
  run "echo #{(dirs + ["x"]).join(" ")} #{[3, 1, 2].sort.join} #{[1, [2, 3]].flatten.join("-")}"
  run "echo #{config[:hosts].join("+")} #{config.keys.size} #{[1, nil].compact.size} #{%w(a a).uniq.size}"
end

task :changed do
  list = []
  list << "a"
  list.push "b"
  list += %w(c)
  list.unshift("z")
  run "echo #{list.join(" ")}"
  map = {}
  map[:a] = 1
  map["b"] = 2
  run "echo #{map[:a]} #{map.size} #{map.has_key?("b")}"
end
