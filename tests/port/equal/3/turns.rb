# Servers that have turns, values that another user's commands give, code of templates with blocks, named groups.
lock '3.17.2'
set :application, "turns"
set :repo_url, "git@example.com:turns.git"
server "a1.example.com", roles: %w[app]
server "b1.example.com", roles: %w[app]

SSHKit.config.default_runner = :sequence

task :one_after_the_other do
  on roles(:app) do |host|
    execute :echo, host.hostname
    execute :uptime
  end
end

task :of_another_user do
  on roles(:app) do |host|
    as "www" do
      found = capture(:ls)
      execute :echo, found.empty?
      test :true
    end
    info host.hostname
  end
end

task :template_with_a_block do
  on roles(:app) do
    text = <<-ERB
<%
  @all = [fetch(:binds, "tcp://x")].flatten.map do |bind|
    kind, address = %r{(tcp|unix)://(.+)}.match(bind).captures
    if kind == "unix"
      "unix"
    else
      address.upcase
    end
  end
%><% @all.each do |one| %><%= one %>;<% end %>
    ERB
    execute :echo, ERB.new(text).result(binding).strip
  end
end

task :groups do
  m = /(?<a>\d+)-(?<b>\w+)/.match("12-x")
  puts "#{m[:a]} #{m['b']}"
  puts "v7"[/v(?<n>\d)/, :n]
end

task :rows do
  %w[a b c].each_cons(2) { |one, two| puts "#{one}#{two}" }
end
