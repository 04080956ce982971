/** The sample of a project that was begun without a file: made-up flights. */
export const EXAMPLE_FLIGHTS = {
  fileName: 'flights-2026-11-20.csv',
  target: 'public.flights',
  text: [
    'flight,origin,destination,departed_at,delay_minutes,distance_km,fare',
    'MR 100,ZRH,LHR,2026-11-20 06:40:00,4,788,129.50',
    'MR 101,LHR,ZRH,2026-11-20 09:15:00,-3,788,98.00',
    'MR 214,ZRH,JFK,2026-11-20 10:05:00,22,6320,540.00',
    'MR 330,GVA,LIS,2026-11-20 12:30:00,0,1494,87.25',
    'MR 331,LIS,GVA,2026-11-20 16:50:00,11,1494,',
    'MR 415,ZRH,NRT,2026-11-20 13:00:00,-8,9600,812.90',
    'MR 720,BSL,BCN,2026-11-20 18:20:00,35,773,64.00',
    'MR 721,BCN,BSL,2026-11-20 21:10:00,17,773,71.40',
    '',
  ].join('\n'),
} as const;
