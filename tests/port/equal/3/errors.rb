# Errors.
task :caught do
  on roles(:app) do
    begin
      execute :may_fail
    rescue SSHKit::Command::Failed => e
      info "failed"
    end
    execute :goes_on
  end
end

task :ensured do
  begin
    on(roles(:app)) { execute :work }
  ensure
    on(roles(:app)) { execute :tidy }
  end
end

task :raises do
  on(roles(:app)) { execute :first }
  raise "no"
end

task :leaves do
  next if fetch(:nothing).nil?
  on(roles(:app)) { execute :never }
end

task :quiet do
  on roles(:app) do
    execute :rm, "x", raise_on_non_zero_exit: false
  end
end
