return done(finish_all())
