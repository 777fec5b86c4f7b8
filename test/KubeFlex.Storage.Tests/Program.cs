using KubeFlex.Storage.Tests.Faults;

if (args is ["--crash-writer", var path])
{
    await CrashWriter.RunAsync(path);
    return 1;
}
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
