// Tells the server the browser's time zone: it groups conversations by days and shows staff their own times.
// The sign-in pages tell it too, so that the first page behind them is right.
document.cookie = `parley_timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;
