unless Capistrano::Configuration.respond_to?(:instance)
  abort "cap-lamp needs Capistrano 2"
end

Capistrano::Configuration.instance(:must_exist).load do
  _cset(:lamp_colour) { "white" }
  _cset :lamp_watts, 40

  def lamp_file(name)
    "/var/lamp/#{name}"
  end

  namespace :lamp do
    desc "Turn the lamp on"
    task :on, :roles => :app do
      run "touch #{lamp_file(lamp_colour)} && echo #{lamp_watts}"
    end

    task :off do
      sudo "rm #{lamp_file('on')}"
    end
  end

  after "lamp:on", "lamp:off"
end
