# capifony
def console_options
  options = "--env=#{symfony_env_prod}"
  options += " --no-debug" unless symfony_debug
  options
end
def remote_file_exists?(full_path)
  'true' == capture("if [ -e #{full_path} ]; then echo 'true'; fi").strip
end
def remote_command_exists?(command)
  'true' == capture("if [ -x \"$(which #{command})\" ]; then echo 'true'; fi").strip
end
def guess_symfony_version
  capture("cd #{latest_release} && #{php_bin} #{symfony_console} --version |cut -d \" \" -f 3")
end
def read_parameters(data)
  YAML.load(data)
end
def load_database_config(data, env)
  read_parameters(data)['parameters']
end
def prompt_with_default(var, default)
  answer = Capistrano::CLI.ui.ask("#{var} [#{default}] : ")
  set var, answer.empty? ? default : answer
end
# symfony
def symfony_console(command, params = "")
  with symfony_env: fetch(:symfony_env), app_env: fetch(:symfony_env) do
    execute :php, release_path.join(fetch(:symfony_console_path)), command, params, fetch(:symfony_console_flags)
  end
end
def symfony_app_path
  release_path.join(fetch(:app_path))
end
def symfony_bin_path
  release_path.join(fetch(:bin_path))
end
def symfony_cache_path
  release_path.join(fetch(:symfony_cache_path))
end
def symfony_console_path
  release_path.join(fetch(:symfony_console_path))
end
def symfony_log_path
  release_path.join(fetch(:symfony_log_path))
end
def symfony_var_path
  release_path.join(fetch(:var_path))
end
def symfony_vendor_path
  release_path.join("vendor")
end
def symfony_web_path
  release_path.join(fetch(:web_path))
end
