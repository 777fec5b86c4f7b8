using KubeFlex.Server.Configuration;
using KubeFlex.Server.Hosting;
using KubeFlex.Server.Processes;
using KubeFlex.Server.Standalone;
using KubeFlex.Server.StorageOnly;
using KubeFlex.Storage;

// First and without an await before it: this thread becomes the program.
if (args is [Supervise.Verb, .. var supervised]) return Supervise.Run(supervised);
if (args is ["--help" or "-h" or "help"])
{
    Console.WriteLine(ServerOptions.Usage);
    return ExitCode.Ok;
}

if (args is ["storage", "serve", .. var storage]) return await StorageServer.MainAsync(storage, CancellationToken.None);
if (args is ["storage", "backup" or "restore", ..]) return await StorageArchive.MainAsync(args[1..]);
if (args is ["operator", .. var rest]) return await StandaloneOperator.RunAsync(rest);

var (options, errors) = ServerOptions.Parse(args, Environment.GetEnvironmentVariable);
if (options is null)
{
    foreach (var error in errors) Console.Error.WriteLine($"kubeflex-server: {error}");
    Console.Error.WriteLine(ServerOptions.Usage);
    return ExitCode.Usage;
}

try
{
    using var server = new KubeFlexServer(options, TimeProvider.System);
    return await server.RunAsync(CancellationToken.None);
}
catch (StartupException e)
{
    Console.Error.WriteLine($"kubeflex-server: {e.Message}");
    return e.ExitCode;
}
catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"kubeflex-server: {e.Message}");
    return ExitCode.DataDirectory;
}
