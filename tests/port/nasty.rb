# Each of the constructs that are hard to carry over.
set :application, "nasty"
set :repository, "svn://svn.example.com/nasty"
role :app, "app1.example.com"

TAGS = %w[a b]
$retries = 3

def config_file(name, dir = "config")
  "#{dir}/#{name}.yml"
end

# Tells where something is.
def where(*parts)
  parts.join("/")
end

task :strings, :roles => :app do
  run 'echo "$HOME" ${HOME} #{not_ruby} \' \\ `date`'
  run "printf 'a\\n' \"#{application}\" \`id\` $#{application} \\#{application}"
  run %q{awk '{ print $1 }' /etc/passwd}
  run %Q{if [ -f #{shared_path}/x ]; then
    cd #{current_path};
    echo y
  fi}
  put <<-EOF, "/tmp/x"
    port: #{TAGS.first}
  EOF
  puts "a" + "b#{1 + 2}" + 'c'
  puts "%s has %s" % [application, TAGS.size]
end

task :conditions do
  value = ENV['VALUE']
  if value && value =~ /^v(\d+)/
    puts "version"
  elsif value.nil? || value == 'none' then puts "none"
  else
    puts value.upcase
  end
  if application =~ /(n)asty/
    puts $1
  end
  level = case value
    when 'a', 'b' then 1
    when /^c/ then 2
    else 3
  end
  text = level > 1 ? "high" : "low"
  puts text unless exists?(:quiet)
  if level == 3
    found = "three"
  end
  puts found
  run "x" if previous_release
  raise "no" if TAGS.include?("z")
  return if level == 2
end

task :loops do
  { :a => 1, 'b-c' => 2 }.each do |key, number|
    puts "#{key} #{number}"
  end
  3.times { |i| puts i }
  (1..2).each { |i| next if i == 1; puts i }
  names = TAGS.map { |tag| tag.strip.upcase }.reject { |tag| tag.empty? }
  names << "more"
  TAGS.each_with_index { |tag, i| puts "#{i}: #{tag}" }
  a, b = "x y".split(" ")
  puts where(a, b, config_file("database"))
  until names.empty?
    break
  end
end

task :rescued do
  begin
    run "false"
  rescue Exception => e
    puts "failed: #{e.message}"
  end
end

task :server do
  role = "x"
  puts role
  find_servers(:roles => :app).each { |s| run_locally "rsync -a public/ #{s.host}:/srv" }
  system "rsync", "-a", application
  logger.important "done"
  deploy.web.disable
  find_and_execute_task("deploy:restart")
end

task :hand do
  puts "before"
  Notifier.deliver_mail(application)
  puts Socket.gethostname
  bucket = AWS::S3.new(:key => "x")
  run "echo #{bucket}"
end

after "deploy:update_code", "gem:that_is_not_there"
set :from_a_gem, Some::Gem.value
run_on_load = Foo.bar
