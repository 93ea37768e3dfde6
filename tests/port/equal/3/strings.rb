# Strings of all kinds.
set :application, "shop"
set :names, %w[one two]

task :kinds do
  on roles(:app) do
    execute "echo #{fetch(:application)} #{fetch(:names).join("-")} #{fetch(:application).upcase}"
    execute 'echo #{raw} "quoted"'
    execute %(echo "#{fetch(:application)}" && echo 'x')
    execute "printf", "'a\\n'"
    execute :echo, "'two words'", ">", "/tmp/out"
    execute <<-CMD
      cd /srv && ls
    CMD
    execute <<~CMD.strip
      echo one && echo "two"
    CMD
    execute "echo " + fetch(:application) + " x".strip
  end
end
