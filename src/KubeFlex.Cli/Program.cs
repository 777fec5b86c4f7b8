using KubeFlex.Cli;

return await new CliApp(CliHost.ForProcess()).RunAsync(args, CancellationToken.None);
