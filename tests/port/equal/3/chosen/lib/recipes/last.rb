task :last do
  on(roles(:app)) { execute :uptime }
end
