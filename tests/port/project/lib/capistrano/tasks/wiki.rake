namespace :wiki do
  desc 'Build the index anew'
  task :reindex do
    on roles(:app) do
      within current_path do
        execute :node, 'bin/reindex.js', "--env=#{fetch(:node_env)}"
      end
    end
  end
end
