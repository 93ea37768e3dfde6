CapLamp.with_configuration do
  namespace :switch do
    desc "Switch it"
    task :default, :roles => :db do
      run "switch"
    end
  end
end
