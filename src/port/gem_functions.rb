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
