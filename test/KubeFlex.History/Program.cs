using KubeFlex.History;

return await LongRun.MainAsync(args);
