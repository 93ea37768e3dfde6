namespace :lamp do
  task :check do
    on(roles(:all)) { execute :echo, "of the task file" }
  end
end
