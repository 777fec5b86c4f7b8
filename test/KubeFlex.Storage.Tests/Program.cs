using KubeFlex.Storage.Tests.Faults;

if (args is ["--crash-writer", var path, .. { Length: 3 } numbers])
{
    var number = numbers.Select(one => int.Parse(one, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
    await CrashWriter.RunAsync(path, number[0], number[1], number[2]);
    return 1;
}
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
