# The server that acts for all of a role where none is marked.
set :application, "shop"

server "one.example.com", roles: %w[lead work]
server "two.example.com", roles: %w[work lead]
server "three.example.com", roles: %w[work], primary: true

task :lead_alone do
  on primary(:lead) do
    execute :echo, "only here"
  end
end

task :each do
  on primary(:lead) do |host|
    execute :echo, host.hostname
  end
  on primary(:work) do
    execute :echo, "and here"
  end
end

# A filter asks for the mark alone.
task :marked do
  on roles(:work, filter: :primary) do
    execute :echo, "on three"
  end
end

task :unmarked do
  on roles(:lead, filter: :primary) do
    execute :echo, "nowhere"
  end
end

task :values do
  links = { "a" => "b", "c" => "d" }
  on primary(:work) do
    execute :echo, links.map { |link| link.last }.join(" "), -7.abs
  end
end
